"""A table in Markdown, and numbers as its cells show them."""


def table(head: list[str], rows: list[list[str]]) -> str:
    """One line for the head, one below it, one for each row."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def digits(value: float) -> str:
    """Two after the point, fewer where that is more than three in all."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def times(value: float | None) -> str:
    """A ratio, or a dash where there is none."""
    return "—" if value is None else f"{digits(value)}×"
