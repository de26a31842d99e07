"""Names that are marked with words, read in either language, and names that end with a full stop."""

from markupsafe import Markup

from scenarios.community.estate.handover import UNTIL
from ui.i18n import gettext, t, use_locale
from ui.marks import read
from ui.templating import environment

SHOWN = environment().from_string("{{ number }}|{{ ui.link(number, '/x') }}")
ENGLISH, CHINESE = "9 Hill St #01-01 (until 2026-07-16)", "9 Hill St #01-01 （至 2026-07-16）"


def test_a_page_says_a_mark_in_the_readers_language_whichever_it_was_written_in():
    assert UNTIL in ENGLISH.replace("2026-07-16", "{day}")
    for kept in (ENGLISH, CHINESE):
        for locale, said in (("en", ENGLISH), ("zh_CN", CHINESE)):
            with use_locale(locale):
                alone, linked = SHOWN.render(number=kept).split("|")
                assert alone == said
                assert f">{said}</a>" in linked


def test_what_only_looks_like_a_mark_stays_and_nothing_becomes_markup():
    with use_locale("zh_CN"):
        assert read("Hall (until late)") == "Hall (until late)"
        assert SHOWN.render(number=f"<b>{ENGLISH}").startswith(f"&lt;b&gt;{CHINESE}")
        assert isinstance(read(Markup("<b>") + ENGLISH), Markup)


def test_a_name_that_ends_a_sentence_brings_its_own_full_stop():
    place = "Tengah Town Pte. Ltd."
    said = t("This invitation is for the company login of {tenant}.", tenant=place)
    assert str(said).endswith("of Tengah Town Pte. Ltd.")
    assert gettext("{a}. {b}...", a="Ltd.", b="More") == "Ltd. More..."
    with use_locale("zh_CN"):
        assert place in str(said)
