"""Lessons of the starter library on the clinic's topics. Unreviewed; see ``starter``."""

from __future__ import annotations

from campaigns.content.starter_words import Email

_ASK = (
    "What to ask us",
    (
        "<p>Bring your questions. It is useful to tell us what you notice and when, which "
        "medicines "
        "you take, and what you have tried so far. Our clinicians will say plainly what is known, "
        "what is not, and whether a different kind of care makes more sense.</p>"
    ),
)
_RESEARCH = (
    "What is known about light",
    (
        "<p>Red and near-infrared light is absorbed by tissue. Researchers are studying what "
        "follows "
        "from that: how cells use energy, local blood flow, how muscles relax. The work is still "
        "developing, studies differ in device, dose and time, and an effect seen in a laboratory "
        "may "
        "not be one that people notice.</p>"
    ),
)

TOPIC_EMAILS: tuple[Email, ...] = (
    Email(
        key="joint_pain_1",
        name="Joint pain 1: how a joint works",
        topic="joint_pain",
        subject="Your new guide from {{ brand }}",
        preheader="A short read from our clinicians.",
        title="How a joint works, and why it can ache",
        opening=(
            "<p>A joint is where two bones meet. Cartilage lets them glide, fluid keeps the "
            "surfaces slippery, and ligaments and muscles hold it all together.</p>"
        ),
        parts=(
            (
                "Common reasons for an ache",
                (
                    "<ul><li>Wear over the years, as in osteoarthritis.</li>"
                    "<li>An old or a new injury.</li>"
                    "<li>Inflammation, as in rheumatoid arthritis or gout.</li>"
                    "<li>More load than the muscles around the joint can carry.</li></ul>"
                ),
            ),
            (
                "When to see somebody soon",
                (
                    "<p>A joint that is hot, red or suddenly swollen, an ache with fever, or one "
                    "after "
                    "a fall should be looked at soon.</p>"
                ),
            ),
            _ASK,
        ),
    ),
    Email(
        key="joint_pain_2",
        name="Joint pain 2: everyday habits",
        topic="joint_pain",
        subject="Part two of your guide from {{ brand }}",
        preheader="Everyday habits, in five minutes.",
        title="Everyday habits that clinicians talk about",
        opening=(
            "<p>There is no one habit for everybody. These are the ones that come up most often "
            "when people talk with us about their joints.</p>"
        ),
        parts=(
            (
                "Keep moving, gently",
                (
                    "<p>Walking, cycling and swimming load joints less than running. Begin with "
                    "little, and let a clinician or a physical therapist show you how to go on.</p>"
                ),
            ),
            (
                "Warmth, cold and rest",
                (
                    "<p>Some people like warmth in the morning and cold after exercise. Rest "
                    "after a "
                    "hard day is sensible; many days without movement seldom are.</p>"
                ),
            ),
            _ASK,
        ),
    ),
    Email(
        key="joint_pain_3",
        name="Joint pain 3: what is known about light",
        topic="joint_pain",
        subject="Part three of your guide from {{ brand }}",
        preheader="What research has and has not answered.",
        title="What research has and has not answered",
        opening=(
            "<p>People ask us whether red light has a place when joints ache. Here is what can be "
            "said today, with the gaps left in.</p>"
        ),
        parts=(
            _RESEARCH,
            (
                "What that means",
                (
                    "<p>It means that a conversation comes first. A clinician looks at the cause, "
                    "at "
                    "the usual care, and at whether light is worth discussing for you at all.</p>"
                ),
            ),
        ),
    ),
    Email(
        key="muscle_spasms_1",
        name="Muscle spasms 1: what happens",
        topic="muscle_spasms",
        subject="Your new guide from {{ brand }}",
        preheader="A short read from our clinicians.",
        title="What happens in a muscle spasm",
        opening=(
            "<p>A spasm is a muscle that tightens without being asked. It may be a small twitch, "
            "or a hard knot that lasts for minutes.</p>"
        ),
        parts=(
            (
                "Common causes",
                (
                    "<ul><li>Too little water, or too little salt after sweating.</li>"
                    "<li>More effort than the muscle is used to, or plain tiredness.</li>"
                    "<li>Poor circulation.</li>"
                    "<li>A nerve that is pressed or irritated.</li>"
                    "<li>Some medical conditions and some medicines.</li></ul>"
                ),
            ),
            (
                "When to see somebody soon",
                (
                    "<p>See a clinician if it happens often, if the muscle is weak or numb, if "
                    "there "
                    "is swelling, or if it came after an injury.</p>"
                ),
            ),
            _ASK,
        ),
    ),
    Email(
        key="muscle_spasms_2",
        name="Muscle spasms 2: the usual care",
        topic="muscle_spasms",
        subject="Part two of your guide from {{ brand }}",
        preheader="The usual care, in five minutes.",
        title="The usual care",
        opening="<p>Most spasms pass. This is what is usually done while they last, and after.</p>",
        parts=(
            (
                "In the moment",
                (
                    "<p>Stop what you were doing, stretch the muscle slowly, and rub it. Many "
                    "people "
                    "like warmth afterwards.</p>"
                ),
            ),
            (
                "In the days after",
                (
                    "<p>Rest from what set it off, drink enough, and come back to exercise step by "
                    "step. Sometimes a clinician suggests medicine; do not begin or change any on "
                    "your "
                    "own.</p>"
                ),
            ),
            _ASK,
        ),
    ),
    Email(
        key="muscle_spasms_3",
        name="Muscle spasms 3: what is known about light",
        topic="muscle_spasms",
        subject="Part three of your guide from {{ brand }}",
        preheader="What research has and has not answered.",
        title="What research has and has not answered",
        opening=(
            "<p>Research on light and muscle spasms in particular is still developing. Here is "
            "what is being asked, and what nobody can answer yet.</p>"
        ),
        parts=(
            _RESEARCH,
            (
                "Open questions",
                (
                    "<p>Which wavelength, from what distance, how strong, how long, how often: "
                    "studies "
                    "give different answers. That is why our clinicians talk with you first.</p>"
                ),
            ),
        ),
    ),
    Email(
        key="skin_1",
        name="Skin 1: how skin changes",
        topic="skin",
        subject="Your new guide from {{ brand }}",
        preheader="A short read from our clinicians.",
        title="How skin changes over the years",
        opening=(
            "<p>Skin is renewed all the time. With age the renewal slows, collagen becomes less, "
            "and lines and a rougher texture appear. Sun adds to it.</p>"
        ),
        parts=(
            (
                "Basics that hold for most people",
                (
                    "<ul><li>Shade, a hat and sunscreen.</li><li>Mild cleansing, and a plain "
                    "moisturiser.</li><li>No smoking.</li><li>A look at new or changing spots by a "
                    "clinician.</li></ul>"
                ),
            ),
            _RESEARCH,
            _ASK,
        ),
    ),
    Email(
        key="menstrual_cramps_1",
        name="Menstrual cramps 1: the basics",
        topic="menstrual_cramps",
        subject="Your new guide from {{ brand }}",
        preheader="A short read from our clinicians.",
        title="Cramps: what causes them, and when to see a clinician",
        opening=(
            "<p>During a period the womb tightens to shed its lining. Natural substances called "
            "prostaglandins set this off; more of them means stronger cramps.</p>"
        ),
        parts=(
            (
                "Self-care basics",
                (
                    "<p>Many people turn to warmth, gentle movement, rest and regular sleep. If "
                    "you "
                    "think about medicine, ask a clinician or a pharmacist which one suits you.</p>"
                ),
            ),
            (
                "When to see a clinician",
                (
                    "<p>Make an appointment when cramps keep you from work or school, when they "
                    "are "
                    "new or growing stronger, when bleeding is heavy, or when you are worried.</p>"
                ),
            ),
            _ASK,
        ),
    ),
)
