import pytest

from tenants.audit_list import change_of


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (
            '{"status": "issued"}',
            '{"status": "void", "reason": "Sold"}',
            "status: issued → void; reason: Sold",
        ),
        (None, '{"total_minor": 6200, "roles": ["a"]}', 'total minor: 6200; roles: ["a"]'),
        ('{"is_open": true}', '{"is_open": true}', "is open: true"),
        ('{"note": ""}', None, "note: –"),
        (None, None, ""),
        ("null", "null", ""),
    ],
)
def test_a_change_reads_fact_by_fact(before: str | None, after: str | None, shown: str) -> None:
    assert change_of({"before": before, "after": after}) == shown
