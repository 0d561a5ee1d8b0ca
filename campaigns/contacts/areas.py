"""Area codes of the United States, by state; data, and no judgement about single numbers.

Taken from the numbering metadata of ``phonenumbers`` 9.0.43, with the overlays that it
lacks or rejects (``NEWER``) added from the numbering plan's announcements: a library's
idea of a valid number lags behind new area codes by months, and a person with a new
number must not be refused. Checked 2026-11-22.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

AS_OF = date(2026, 11, 22)


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BY_STATE = {
    "AK": "907",
    "AL": "205 251 256 334 483 659 938",
    "AR": "327 479 501 870",
    "AZ": "480 520 602 623 928",
    "CA": "209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 "
    "657 661 669 707 714 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951",
    "CO": "303 719 720 748 970 983",
    "CT": "203 475 860 959",
    "DC": "202 771",
    "DE": "302",
    "FL": "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 "
    "941 954",
    "GA": "229 404 470 478 678 706 762 770 912 943",
    "HI": "808",
    "IA": "319 515 563 641 712",
    "ID": "208 986",
    "IL": "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872",
    "IN": "219 260 317 463 574 765 812 930",
    "KS": "316 620 785 913",
    "KY": "270 364 502 606 859",
    "LA": "225 318 337 457 504 985",
    "MA": "339 351 413 508 617 774 781 857 978",
    "MD": "227 240 301 410 443 667",
    "ME": "207",
    "MI": "231 248 269 313 517 586 616 679 734 810 906 947 989",
    "MN": "218 320 507 612 651 763 924 952",
    "MO": "235 314 417 557 573 636 660 816 975",
    "MS": "228 471 601 662 769",
    "MT": "406",
    "NC": "252 336 472 704 743 828 910 919 980 984",
    "ND": "701",
    "NE": "308 402 531",
    "NH": "603",
    "NJ": "201 551 609 640 732 848 856 862 908 973",
    "NM": "505 575",
    "NV": "702 725 775",
    "NY": "212 315 329 332 347 363 465 516 518 585 607 624 631 646 680 716 718 838 845 914 917 "
    "929 934",
    "OH": "216 220 234 283 326 330 380 419 436 440 513 567 614 740 937",
    "OK": "405 539 572 580 918",
    "OR": "458 503 541 971",
    "PA": "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878",
    "RI": "401",
    "SC": "803 821 839 843 854 864",
    "SD": "605",
    "TN": "423 615 629 729 731 865 901 931",
    "TX": "210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 832 "
    "903 915 936 940 945 956 972 979",
    "UT": "385 435 801",
    "VA": "276 434 540 571 686 703 757 804 826 948",
    "VT": "802",
    "WA": "206 253 360 425 509 564",
    "WI": "262 274 353 414 534 608 715 920",
    "WV": "304 681",
    "WY": "307",
    # Assigned, but its state could not be confirmed: every zone counts for such a number.
    "": "429",
}

AREA_CODES: MappingProxyType[str, str] = MappingProxyType(
    {code: state for state, codes in _BY_STATE.items() for code in codes.split()}
)
"""Area code -> state (two letters), or ``""`` where the state is not known."""

NEWER: MappingProxyType[str, str] = MappingProxyType(
    {
        "357": "559",
        "429": "",
        "436": "440",
        "457": "318",
        "465": "718",
        "471": "662",
        "483": "334",
        "621": "713",
        "624": "716",
        "679": "313",
        "729": "423",
        "837": "530",
        "861": "309",
        "924": "507",
    }
)
"""Live or assigned codes that the library of numbers does not know yet, each with the code
that it overlays (from the announcements of the plan's administrator); ``""`` where that
could not be confirmed, so that such a number may be anywhere."""

STATES = frozenset(state for state in _BY_STATE if state)

TOLL_FREE = _codes("800 822 833 844 855 866 877 880 881 882 883 884 885 886 887 888 889")

SPECIAL = _codes(
    "456 500 521 522 523 524 525 526 527 528 529 532 533 544 566 577 588 600 622 700 710 900"
)
"""Personal, premium and government numbers: no clinic's patient is reached there."""

TERRITORIES = _codes("340 670 671 684 787 939")
"""US Virgin Islands, Northern Marianas, Guam, American Samoa, Puerto Rico."""

CANADA = _codes(
    "204 226 236 249 250 257 263 273 289 306 343 354 365 367 368 382 387 403 416 418 428 431 "
    "437 438 450 460 468 474 487 506 514 519 537 548 568 579 581 584 587 604 613 639 647 672 "
    "683 705 709 742 753 778 780 782 807 819 825 851 867 873 879 902 905 942"
)

CARIBBEAN = _codes(
    "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
)


def state_of(phone: str) -> str | None:
    """Return the state of an E.164 number's area code, None where it is not known."""
    return AREA_CODES.get(phone[2:5]) or None
