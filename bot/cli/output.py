"""Exit codes, and tables for people."""

from collections.abc import Mapping, Sequence

PROBLEMS = 1
USAGE = 2


def to_columns(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows (at least one) of the same keys as a table with their names as its head."""
    lines = [tuple(key.upper().replace("_", " ") for key in rows[0])]
    lines += [tuple(str(value) for value in row.values()) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]) for line in lines
    )
