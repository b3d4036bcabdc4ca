"""What a ResponseURL says of its own age and end."""

import pytest

from running_image_builder_function.cloudformation.response_url import ends_at, signed_at

AT = 1_800_000_000
"""2027-01-15T08:00:00Z."""


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize(
    ("query", "issued", "ends"),
    [
        ("X-Amz-Date=20270115T080000Z", AT, AT + 7200),
        ("a=b&X-Amz-Date=20270115T080000Z&X-Amz-Expires=7200&X-Amz-Signature=0", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=60", AT, AT + 60),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=1", AT, AT + 1),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=604800", AT, AT + 604_800),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=604801", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=0", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=999999", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=soon", AT, AT + 7200),
        ("X-Amz-Date=20270115T080000Z&Expires=1700000000", AT, AT + 7200),
        (f"AWSAccessKeyId=A&Expires={AT + 7200}&Signature=b", AT, AT + 7200),
        (f"X-Amz-Date=soon&Expires={AT + 7200}", AT, AT + 7200),
        ("X-Amz-Date=20010909T014640Z", 1e9, 1e9 + 7200),
        ("X-Amz-Date=20010909T014639Z", None, None),
        ("Expires=1000007200", 1e9, 1e9 + 7200),
        ("Expires=1000007199", None, None),
        ("X-Amz-Date=20270115T080000", None, None),
        ("X-Amz-Date=20271315T080000Z", None, None),
        ("X-Amz-Date=00010101T000000Z", None, None),
        ("X-Amz-Date=", None, None),
        ("X-Amz-Expires=7200", None, None),
        ("Expires=7200", None, None),
        ("Expires=-1800007200", None, None),
        ("Expires=1800007200000", None, None),
        ("Expires=٣٣٣٣٣٣٣٣٣٣", None, None),
        ("Expires=1e9", None, None),
        ("", None, None),
    ],
)
def test_the_age_of_a_request_is_that_of_its_signature(query: str, issued: float | None, ends: float | None) -> None:
    """Of today's form or of the one before; what is no date says nothing."""
    url = f"https://any.test/any?{query}"

    assert (issued, ends) == (signed_at(url), ends_at(url))


@pytest.mark.parametrize("url", ["", "x", "https://[any?Expires=1800007200"])
def test_what_is_no_url_has_no_date(url: str) -> None:
    """It is no error."""
    assert signed_at(url) is ends_at(url) is None
