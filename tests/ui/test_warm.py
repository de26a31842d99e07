from ui import i18n, templating


def test_what_every_page_needs_is_read_before_the_first_page() -> None:
    templating.environment.cache_clear()
    i18n._translations.cache_clear()
    i18n._translated.cache_clear()
    templating.warm()
    cache = templating.environment().cache
    assert cache is not None
    read = {name for _, name in cache}
    assert {"ui/console.html", "ui/payer.html", "ui/macros/button.html"} <= read
    assert "billing/payments/list.html" not in read, "other pages are read when somebody asks for them"
    assert i18n._translations.cache_info().currsize == len(i18n.LOCALES)
