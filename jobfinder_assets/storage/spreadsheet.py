"""Texts in CSV files that a spreadsheet opens without running them (OWASP, "CSV Injection")."""

# A line break at the start would hide what follows it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet could take it for a formula."""
    return f"'{text}" if _dangerous(text) else text


def unsafe_cell(cell: str) -> str:
    """The text that `safe_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and _dangerous(cell[1:]) else cell


def _dangerous(text: str) -> bool:
    return text.lstrip(" ").startswith(FORMULA_STARTS)
