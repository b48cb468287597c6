"""Text in CSV cells: a spreadsheet must not take a file's name for a formula.

Excel, LibreOffice and Google Sheets calculate a cell that begins with ``=``, ``+``, ``-`` or ``@``,
and a formula can call programs or send data elsewhere (OWASP, "CSV Injection"). Such text gets an
apostrophe in front. Numbers stay as they are.
"""

from __future__ import annotations

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK = "'"


def safe_cell(text: str) -> str:
    """The text as it is written into a cell.

    Example:
        >>> safe_cell("=1+1.jpg"), safe_cell("a.jpg")
        ("'=1+1.jpg", 'a.jpg')
    """
    return _MARK + text if _is_formula(text) else text


def original_text(cell: str) -> str:
    """The text of which ``safe_cell`` made this cell."""
    marked = cell.startswith(_MARK) and _is_formula(cell)
    return cell[1:] if marked else cell


def _is_formula(text: str) -> bool:
    """Also with apostrophes in front, so that one more can be told from one of the name's own."""
    return text.lstrip(_MARK).startswith(_STARTS)
