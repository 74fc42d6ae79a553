from canheal_cli.readable import lines


def test_a_document_in_a_document_is_indented_and_no_value_is_a_python_repr() -> None:
    document = {
        "sample": "s-1",
        "report": {"status": "final", "without": []},
        "held": [{"service": "prs", "attempt": 1}, {"service": "annotate", "attempt": 2}],
        "caught_up": True,
        "purposes": ["own-care", "research"],
        "label": None,
    }
    assert list(lines(document)) == [
        "sample             s-1",
        "report",
        "  status           final",
        "  without          none",
        "held",
        "  - service            prs",
        "    attempt            1",
        "  - service            annotate",
        "    attempt            2",
        "caught_up          yes",
        "purposes           own-care, research",
        "label              none",
    ]


def test_a_value_of_several_lines_stays_in_its_column() -> None:
    assert list(lines({"message": "first\nsecond"})) == [
        "message            first",
        "                   second",
    ]
