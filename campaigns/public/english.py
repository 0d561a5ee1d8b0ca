"""The words of the public pages in English. ``spanish.py`` has the same keys (a test checks)."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # frame
    "date": "{month} {day}, {year}",
    "months": (
        "January February March April May June July August September October November December"
    ),
    "this_clinic": "The clinic",
    "call": "Call {phone}",
    "privacy": "Privacy",
    "program": "About our texts",
    "terms": "Terms",
    "other_language": "Español",
    "skip": "Skip to the content",
    "back": "Back to all settings",
    # sign-up
    "signup_title": "Stay in touch with {brand}",
    "signup_lead": (
        "Short guides on wellness from our clinic, with a link to book if you want one. "
        "Choose what you get. Leave whenever you like."
    ),
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "phone": "Mobile number",
    "phone_help": "A US number, for example (212) 555-0123.",
    "postal_code": "ZIP code",
    "postal_code_help": "Tells us your time zone, so that texts come at decent hours.",
    "your_details": "About you",
    "what_you_get": "What you would like",
    "optional": "optional",
    "topics": "Topics you would like to read about",
    "topics_help": (
        "Optional. We store the topics only if you tick the box below. Left empty, you get our "
        "general guides."
    ),
    "adult": "I am 18 or older.",
    "signup_button": "Sign up",
    "source_label": "our sign-up page",
    "source_label_tablet": "our front desk",
    "source_label_keyword": "a text to our number",
    "leave_empty": "Leave this field empty",
    "errors_title": "Please check the fields below. Everything you typed has been kept.",
    "error_name": "Please enter your first name.",
    "error_long": "This is longer than we can store.",
    "error_characters": "This has characters that we cannot store.",
    "error_channel": "Tick email, text messages or both, so that we know how to reach you.",
    "error_channel_one": "Tick the box here, so that we may write to you.",
    "error_texts_closed": (
        "Sign-ups by text have reached today's limit. Please try again tomorrow, or sign up by "
        "email."
    ),
    "error_email_missing": "You ticked email: please enter your email address.",
    "error_email": "This does not look like an email address. An example: name@example.com",
    "error_phone_missing": "You ticked text messages: please enter your mobile number.",
    "error_phone": "This does not look like a US mobile number. An example: (212) 555-0123",
    "error_postal_code": "A ZIP code has five digits.",
    "error_adult": "Our messages are for adults. Please confirm that you are 18 or older.",
    "error_topics": (
        "To have us store your topics, tick the box under them. To leave them out, clear them."
    ),
    "error_stale": "This page had been open for a while. Please press the button once more.",
    "answer_title": "Check your inbox",
    "answer_lead": "One step is left, so that nobody can sign you up but you.",
    "answer_email": (
        "If you asked for email, we have sent you a message. Open it and press the button in it. "
        "It can take a few minutes; the spam folder is worth a look."
    ),
    "answer_sms": "If you asked for texts, we have sent you one. Reply Y to confirm.",
    "answer_start": (
        "If you once stopped our texts, send START to the number that texted you first."
    ),
    "answer_none": "Until you confirm, we send you nothing else.",
    "answer_texts_closed": (
        "Sign-ups by text have reached today's limit, so we have sent you no text. Please try "
        "again tomorrow."
    ),
    "closed_title": "This sign-up is closed",
    "closed_lead": "Nothing was changed. You can sign up on our main page.",
    "closed_button": "Open our sign-up page",
    "framed_more": "Opens in a new window: {what}",
    "tablet_clear": "Clear and start over",
    "tablet_next": "Next person",
    "tablet_clears": "This page clears itself for the next person in a few seconds.",
    "tablet_still": "Are you still there?",
    "tablet_still_lead": "In half a minute, what is typed here is cleared for the next person.",
    "tablet_stay": "Keep going",
    "tablet_read": "Privacy and terms: ask at the front desk, or open {url} on your phone.",
    "tablet_ended_title": "This page is not open",
    "tablet_ended_lead": "Please ask at the front desk to open it. Nothing typed here was kept.",
    "busy_title": "Please try again later",
    "busy_lead": (
        "There have been many sign-ups in the last hour, so this one was not taken. Please try "
        "again in an hour, or call us."
    ),
    # confirm
    "confirm_title": "Confirm your sign-up",
    "confirm_lead_email": "Press the button to get wellness emails from {brand} at {address}.",
    "confirm_lead_sms": "Press the button to get wellness texts from {brand} at {address}.",
    "confirm_leave": "You can leave at any time, with one tap in every message.",
    "confirm_button": "Yes, sign me up",
    "confirm_ignore": "If you did not ask for this, close the page. You will get nothing.",
    "confirmed_title": "You are signed up",
    "confirmed_lead": "Thank you. Your first guide from {brand} is on its way soon.",
    "confirmed_text_closed": (
        "Your email is confirmed. We could not send a text to your mobile number today, so you "
        "will get no texts. To get them as well, please sign up for texts again tomorrow."
    ),
    "confirmed_text_next": "We have also sent you a text. Reply Y to it to get texts as well.",
    "expired_title": "This link has run out",
    "expired_lead": "Confirmation links work for seven days. Nothing was changed.",
    "signup_again": "Sign up again",
    # unsubscribe
    "leave_title_email": "Leave our emails",
    "leave_title_sms": "Leave our texts",
    "leave_now_email": "{address} gets wellness emails from {brand}.",
    "leave_now_sms": "{address} gets wellness texts from {brand}.",
    "leave_off_email": "{address} gets no wellness emails from {brand}.",
    "leave_off_sms": "{address} gets no wellness texts from {brand}.",
    "leave_button_email": "Unsubscribe from all marketing email",
    "leave_button_sms": "Stop all marketing texts",
    "leave_sure_email": "Unsubscribe anyway, to be sure",
    "leave_sure_sms": "Stop anyway, to be sure",
    "leave_prefs": "Choose topics, pause, or change other settings",
    "leave_reply": "To stop texts you can also reply STOP to any of them.",
    "left_title": "Done. You have left",
    "left_email": "{address} will get no more marketing email from {brand}.",
    "left_sms": "{address} will get no more marketing texts from {brand}.",
    "left_plain": "You are unsubscribed.",
    "left_queue": "What was already on its way to you has been stopped where it could be.",
    "undo_button": "That was a mistake, keep me on the list",
    "undo_help": "This button works for 15 minutes.",
    "undone_title": "You are back on the list",
    "undone_lead": "Nothing has changed: you go on getting what you had agreed to.",
    "undo_late_title": "This cannot be undone here any more",
    "undo_late_lead": (
        "The button works for 15 minutes, once, and only while you have not said stop in another "
        "way. You stay off the list. You can sign up again at any time."
    ),
    # preferences
    "prefs_title": "Your messages from {brand}",
    "prefs_for": "Settings for {address}.",
    "stop_all_button": "Stop everything",
    "stop_all_help": "No more marketing emails or texts. Takes effect at once.",
    "channels": "By channel",
    "channel_email": "Emails",
    "channel_sms": "Text messages",
    "state_on": "On",
    "state_off": "Off",
    "state_pending": "Not confirmed yet",
    "stop_email_button": "Stop emails",
    "stop_sms_button": "Stop texts",
    "start_again": "Sign up again",
    "pause": "Take a break",
    "pause_help": "We stay silent and start again by ourselves afterwards.",
    "pause_30_button": "Pause for 30 days",
    "pause_90_button": "Pause for 90 days",
    "paused_until": "Paused until {date}.",
    "resume_button": "End the pause",
    "topics_title": "Your topics",
    "topics_locked": (
        "Topics are private. To see or change them, we first send a six-digit code to {address}."
    ),
    "code_subject": "Your code for {brand}",
    "code_message_email": (
        "{code} is your code for your settings with {brand}. It works for 10 minutes.\n\n"
        "If you did not ask for it, ignore this message: nothing happens."
    ),
    "code_message_sms": (
        "{brand}: {code} is your code for your settings. It works for 10 minutes. If you did not "
        "ask for it, ignore this text."
    ),
    "code_button": "Send me a code",
    "code_title": "Enter the code",
    "code_lead": "We have sent a six-digit code to {address}. It works for 10 minutes.",
    "code_label": "Six-digit code",
    "code_check": "Show my topics",
    "code_wrong": "This code is not right. Look at our newest message, or ask for a new code.",
    "code_spent": "This code no longer works. Please ask for a new one.",
    "code_limit": "Too many codes were asked for. Please try again in an hour, or call us.",
    "code_no_way": "We cannot send a code to this address any more. Please call us.",
    "topics_lead": "Tick what you would like to read about. Clear all to delete your topics.",
    "topics_button": "Save my topics",
    "topic_by": "How {topic} comes to you",
    "topic_by_both": "by email and text",
    "topic_by_email": "by email only",
    "topic_by_sms": "by text only",
    "track_title": "Counting clicks",
    "track_help": (
        "We note when you follow a link in our messages, to learn which ones help. We can leave "
        "that out for you. The links work all the same."
    ),
    "track_off_button": "Do not record my clicks",
    "track_is_off": "We do not record which links you follow.",
    "track_on_button": "Record my clicks again",
    "saved_track_off": "Done. From now on we do not record which links you follow.",
    "saved_track_on": "Done. We record which links you follow again.",
    "until_called": "further notice",
    "proof_old": "The code was entered a while ago. Please ask for a new one.",
    "saved_stop_all": "Done. You will get no more marketing messages from us.",
    "saved_stop_email": "Done. You will get no more marketing emails from us.",
    "saved_stop_sms": "Done. You will get no more marketing texts from us.",
    "saved_pause": "Done. We stay silent until {date}.",
    "saved_pause_kept": "Your messages were already paused for longer than that.",
    "saved_resume": "The pause is over.",
    "saved_topics": "Your topics are saved.",
    "saved_topics_none": "Your topics are deleted. You get our general guides.",
    # programme, privacy, terms
    "program_title": "{brand} wellness texts",
    "program_lead": (
        "{brand} sends short texts with wellness education and booking links to adults who asked "
        "for them."
    ),
    "program_join": "How to join",
    "program_join_text": (
        "Fill in the form and tick the box for texts. The box is not ticked beforehand, and you "
        "need not tick it to buy anything or to receive care. The form:"
    ),
    "program_words": "These are the words beside the box:",
    "program_form": "How the form looks. No box is ticked beforehand:",
    "program_keyword": "Joining by text",
    "program_keyword_text": "Where we offer it, these are the words on the poster:",
    "program_first": "What we text you",
    "program_first_confirm": "To confirm",
    "program_first_welcome": "Once you have confirmed",
    "program_first_help": "When you text HELP",
    "program_first_stop": "When you text STOP",
    "program_name": "The program",
    "program_confirm": "We then send one text. Only a reply of Y to it starts the texts.",
    "program_often": "How often, and what it costs",
    "program_often_text": "Up to {n} messages a month.",
    "program_rates": "Message and data rates may apply.",
    "program_leave": "How to leave, how to get help",
    "program_stop_before": "Reply",
    "program_stop_after": "to any text to stop all of them; we confirm once.",
    "program_help_before": "Reply",
    "program_help_after": "for help.",
    "program_support": "Contact",
    "program_carriers": "Carriers are not liable for delayed or undelivered messages.",
    "program_sharing": (
        "We do not share mobile numbers or text-message consent with third parties for their "
        "marketing."
    ),
    "privacy_title": "Privacy",
    "privacy_lead": "How {name} keeps the data of people who asked for its messages.",
    "privacy_kept": "What we keep",
    "privacy_kept_text": (
        "Your name, the email address and mobile number you gave us, your ZIP code, what you "
        "agreed to with its time, words and IP address as proof, the messages we sent, links in "
        "them that you followed, your replies, and appointments that followed."
    ),
    "privacy_topics": "Topics of health",
    "privacy_topics_text": (
        "We keep the topics you picked only if you ticked the box for it. They decide which "
        "educational messages you get, and nothing else. The service that delivers our email "
        "carries the text of those messages; we put no topic in subjects, texts, links or file "
        "names. You can see, change or delete your topics through the settings link in our "
        "messages."
    ),
    "privacy_used": "What we use it for",
    "privacy_used_text": (
        "To send what you asked for, to stop when you say so, and to count in total which "
        "messages led to appointments."
    ),
    "privacy_numbers": "What we never do",
    "privacy_never": (
        "We sell no data, give none to advertisers, build no advertising audiences and put no "
        "code of other companies on these pages."
    ),
    "privacy_who": "Who handles it for us",
    "privacy_who_text": "These companies deliver our messages:",
    "privacy_nobody": "Nobody but us: at present no message leaves this system.",
    "processor_email": "your email address, the message itself, and an opaque reference.",
    "processor_sms": "your mobile number, the text itself, and an opaque reference.",
    "processor_smtp_name": "Our mail provider",
    "privacy_tracking": "Measuring",
    "privacy_tracking_text": (
        "We do not track whether you open a message. Links lead through our own address, so "
        "that we know that a link was followed. These pages set no cookies."
    ),
    "privacy_choices": "Your choices",
    "privacy_choices_text": (
        "Every message has a way to leave that works at once. To see, correct or delete what we "
        "keep about you, write to us or call. We keep proof that you left, so that we never "
        "write again by mistake."
    ),
    "terms_title": "Terms of our messages",
    "terms_lead": "What you can expect of the emails and texts of {name}.",
    "terms_program": "Program name: {brand} wellness texts.",
    "terms_free": (
        "Agreeing to messages is not a condition of buying anything or of receiving care."
    ),
    "terms_email": "Emails",
    "terms_email_text": (
        "Emails go only to people who asked for them. Each has a link to unsubscribe that "
        "works with one tap."
    ),
    "terms_medical": "Education, not medical advice",
    "terms_medical_text": (
        "Our messages are general education. They do not replace the advice of your own "
        "healthcare provider. Nobody reads replies for emergencies: in an emergency call 911."
    ),
    # links and lessons
    "call_title": "Call {brand}",
    "call_lead": "Tap the number to call us.",
    "book_title": "Book with {brand}",
    "book_missing": "Online booking is not open at the moment. Please call us, and we find a time.",
    "demo_book_label": "Demonstration.",
    "demo_book_what": (
        "This page stands in for the clinic's own booking system, so that you can try what "
        "follows from a booking. Nobody keeps these times."
    ),
    "demo_book_when": "A time",
    "demo_book_at": "{date}, {time}",
    "demo_book_whose": "Your email address",
    "demo_book_button": "Book this time",
    "demo_book_slot": "This time is over. Choose another one.",
    "demo_book_email": "This link does not say who you are. Give your email address.",
    "demo_booked_title": "You have a time",
    "demo_booked_what": (
        "No time was taken at any clinic. The booking was reported to this service as a booking "
        "system would report it."
    ),
    "demo_booked_known": (
        "Staff see it with the person and in the reports, and a series that ends with a booking "
        "ends now."
    ),
    "demo_booked_unknown": (
        "Nobody here has this address. Staff see it under People, Bookings, and say whose it is."
    ),
    "contact_missing": "Please reply to our message, and we get back to you.",
    "lesson_title": "Your guide from {brand}",
    "lesson_lead": (
        "This page holds health education. Open it when nobody looks over your shoulder."
    ),
    "lesson_button": "Continue to the guide",
    "not_found_title": "This page does not exist",
    "not_found_lead": (
        "The link may be incomplete. Open it from the message again, or call us if you need help."
    ),
    "faulty_title": "That did not work",
    "faulty_lead": "Nothing was changed. Please go back and try again, or call us.",
}
