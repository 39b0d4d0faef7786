"""HTML as a person sees it: blocks, rows and items as lines, without the page around the advert."""

import re
from collections.abc import Callable, Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

_NAMES = (
    "a|abbr|address|article|aside|b|big|blockquote|body|center|code|del|details|div|dl|em|fieldset|figure|font|footer|form"
    "|h[1-6]|head|header|html|i|iframe|ins|label|legend|main|mark|nav|noscript|ol|pre|s|script|section|small|span|strike"
    "|strong|style|sub|summary|sup|table|tbody|tfoot|thead|time|title|u|ul"
)
_OF_LETTERS = "b|em|font|i|strong|u"
_ALONE = "br|dd|dt|hr|img|li|link|meta|o:p|p|td|th|tr"
# Only names that adverts use: "<T>" in prose or "a <b and c" is text, not markup. One word in brackets is the author's
# too, "when a <div> should be a <section>": markup ends what it opens, opens the text, has attributes, is of letters
# alone, or consists of what nobody ends.
_TAG = re.compile(
    rf"<(?=[a-z/!])(?:/(?:{_NAMES}|{_ALONE})\s*>|(?:{_ALONE}|{_OF_LETTERS})(?:[\s/][^<>]*)?>|(?:{_NAMES})[\s/][^<>]*>"
    r"|!--|!doctype\s)",
    re.IGNORECASE,
)
_OPENING_TAG = re.compile(rf"\s*<(?:{_NAMES})>", re.IGNORECASE)
# Group 1 ends a line, group 2 a paragraph, group 3 is a break, group 4 the beginning of a table.
_BREAKING_TAG = re.compile(
    r"</?(?:(address|article|aside|body|dd|details|div|dl|dt|fieldset|figure|footer|form|header|legend|li|main|section|summary)"
    r"|(blockquote|h[1-6]|hr|ol|p|pre|ul)|(br))(?=[\s/>])|<(table)(?=[\s>])",
    re.IGNORECASE,
)
# Group 1 begins a row, group 2 a cell, group 3 is a table's caption, group 4 its end.
_TABLE_TAG = re.compile(r"<(?:(tr)|(td|th)|(caption))(?:[\s/][^<>]*)?>|</(table)\s*>", re.IGNORECASE)
# What the HTML standard would take for tags or read past: XML's quotation marks, addresses and "Result<T, E>", and what
# only browsers without scripts show, which it moves out of the page's head.
_RARE_TAG = re.compile(r"<(?:noscript|t[dh]|pre|form|header|footer|!\[cdata|/a><a)", re.IGNORECASE)
_CELL_TAG = re.compile(r"<t[dh][\s>]", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_NO_TAG = re.compile(
    r"<(?:(?=(?:[\w.+-]{1,64}@[\w.-]{1,255}|https?://[^\s<>]{1,500}|\w{1,40}, ?\w{1,40})>)"
    r"|(?<=\w<)(?=[A-Z][a-z]{2,40}>|T>))"
)
_NOSCRIPT = re.compile(r"(</?noscript\b[^<>]*>)", re.IGNORECASE)
_PREFORMATTED = re.compile(r"(</?pre\b[^<>]*>)", re.IGNORECASE)
# An element whose style keeps its lines; group 2 is its name.
_KEEPS_LINES = re.compile(r"(<(\w{1,20})\b[^<>]*white-space: ?pre[^<>]*>)", re.IGNORECASE)
_BROKEN_LINE = re.compile(r"(<br\b[^<>]{0,100}>)[ \t]{0,100}\r?\n", re.IGNORECASE)
# Buttons and tags beside each other: "Apply nowShare".
_BETWEEN_LINKS = re.compile(r"(?<=</a>)(?=<a\b[^<>]{0,500}>(?:<[^<>]{1,100}>)?\w)", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>?")
# The HTML standard's tree construction is quadratic in the depth of open elements.
_MOST_UNCLOSED_TAGS = 3_000
_UNREADABLE_TAGS = ["script", "style", "head", "noscript", "template", "svg", "iframe", "nav", "button", "select"]
# The page around an advert, by its parts' classes and ids, roles and fields. Of a page with a `main` or an `article`
# its own header and footer belong to it.
_CHROME_NAMES = (
    "cookie-banner", "cookie-consent", "cookie-notice", "cookie-bar", "onetrust-consent-sdk", "cc-window",
    "share-buttons", "share-links", "share-job", "social-share", "social-links", "social-icons", "addthis_toolbox",
    "a2a_kit", "breadcrumb", "breadcrumbs", "apply-button", "apply-btn", "btn-apply", "similar-jobs", "related-jobs",
)  # fmt: skip
_CHROME_ROLES = ("navigation", "dialog", "search")
_CHROME = ", ".join(
    [
        *(f".{name}, #{name}" for name in _CHROME_NAMES),
        *(f'[role="{role}"]' for role in _CHROME_ROLES),
        "form label, form legend, form textarea",
    ]
)
_PAGE, _AROUND_PAGE = 'main, article, [role="main"]', 'body > header, body > footer, [role="contentinfo"]'
_HIDDEN = '[hidden], [style*="display:none" i], [style*="display: none" i]'
_SIGNS_OF_CHROME = ("class=", " id=", " role=", " hidden", "display:", "<form", "<header", "<footer")
_MOST_PARTS = 200
_MOST_HIDDEN = 200

# A line break, a paragraph break, a `<br>`, and what begins a row, a cell and a table, on their way through the parser.
_LINE, _PARAGRAPH, _BREAK, _ROW, _CELL, _TABLE = "\x1e", "\x1d", "\x1f", "\x1c", "\x1b", "\x1a"
_MARKS = (None, _LINE, _PARAGRAPH, _BREAK, _TABLE)
_BREAKS = re.compile(r"([\x1a-\x1f][\x1a-\x1f \t]*)")
# Longer ones are parts of a page laid out as a table.
_LONGEST_CELL, _BETWEEN_CELLS = 120, " | "
_LINE_ENDS = "\n\r\t\x0b\x0c\x85\u2028\u2029"


def has_markup(text: str) -> bool:
    """Does a tag that adverts use stand in it?"""
    return "<" in text and (_TAG.search(text) or _OPENING_TAG.match(text)) is not None


def markup_text(markup: str) -> str:
    """What a person sees of the page: lines and paragraphs as its blocks part them, entities resolved once."""
    for mark in (*filter(None, _MARKS), _ROW, _CELL):
        markup = markup.replace(mark, " ")
    markup = _NO_TAG.sub("&lt;", markup)
    # Few adverts have any of these, and finding out by one search costs a third of looking for each.
    is_simple = "=" not in markup and " hidden" not in markup and _RARE_TAG.search(markup) is None
    has_cells = not is_simple and _CELL_TAG.search(markup) is not None
    if not is_simple:
        markup = _changed_inside(_NOSCRIPT, _CDATA.sub(_LINE, markup), lambda _: " ")
        markup = _BETWEEN_LINKS.sub(_LINE, markup)
    if has_cells or _BREAKING_TAG.search(markup):
        if not is_simple:
            markup = _changed_inside(_PREFORMATTED, markup, lambda lines: lines.replace("\n", "<br>"))
            markup = _with_kept_lines(markup)
        if not has_cells and not any(match[1] or match[2] for match in _BREAKING_TAG.finditer(markup)):
            # Plain text with a few tags in it: its lines are the author's.
            markup = _BROKEN_LINE.sub(r"\1", markup).replace("\n", "<br>")
        # The author's line breaks mean nothing between block elements; `_tidy` squeezes blanks.
        for end in _LINE_ENDS:
            markup = markup.replace(end, " ")
        markup = _BREAKING_TAG.sub(lambda match: f"{_MARKS[match.lastindex or 0]}{match[0]}", markup)
        if has_cells:
            markup = _with_cells(markup)
    if markup.count("<") - 2 * markup.count("</") > _MOST_UNCLOSED_TAGS:
        text = _ANY_TAG.sub("", markup)
    else:
        tree = LexborHTMLParser(markup)
        tree.strip_tags(_UNREADABLE_TAGS)
        if not is_simple and any(sign in markup for sign in _SIGNS_OF_CHROME):
            _drop_chrome(tree)
        text = tree.root.text(deep=True, separator="") if tree.root is not None else ""
    return _in_lines(text)


def _changed_inside(tag: re.Pattern[str], markup: str, change: Callable[[str], str]) -> str:
    """The markup with what stands between an opening tag and its closing one changed; `tag` finds and groups both."""
    parts = tag.split(markup)
    for at in range(1, len(parts) - 2, 2):
        if not parts[at].startswith("</") and parts[at + 2].startswith("</"):
            parts[at + 1] = change(parts[at + 1])
    return "".join(parts)


def _with_kept_lines(markup: str) -> str:
    """Breaks in place of line ends in elements whose style keeps them, up to the first end tag of their name."""
    parts = _KEEPS_LINES.split(markup)
    for at in range(3, len(parts), 3):
        inside, end, behind = parts[at].partition(f"</{parts[at - 1]}")
        parts[at] = inside.replace("\n", "<br>") + end + behind
    # Without the names, which the tags before them hold.
    return "".join(part for number, part in enumerate(parts) if number % 3 != 2)


def _with_cells(markup: str) -> str:
    """Marks inside cells: what stands in a table outside of them, a parser puts before the table."""
    begins_row = False

    def mark(match: re.Match[str]) -> str:
        nonlocal begins_row
        if match[1]:
            begins_row = True
            return match[0]
        first, begins_row = begins_row, False
        return match[0] + (_TABLE if match[4] else _ROW if first or match[3] else _CELL)

    return _TABLE_TAG.sub(mark, markup)


def _drop_chrome(tree: LexborHTMLParser) -> None:
    """Take out what the page shows around the advert, and what it does not show."""
    around, hidden = tree.css(_CHROME), tree.css(_HIDDEN)
    if tree.css_first(_PAGE) is not None:
        around += tree.css(_AROUND_PAGE)
    if tree.root is None or not (around or hidden):
        return
    half = len(tree.root.text(deep=True)) / 2
    chosen = {
        node.mem_id: node
        for nodes, most in ((around, half), (hidden, _MOST_HIDDEN))
        for node in nodes[:_MOST_PARTS]
        # The advert itself may stand in a dialog, and parts of it unfold at a click.
        if node.tag not in ("html", "body") and len(node.text(deep=True)) <= most
    }
    # With a node go those in it.
    for node in [node for node in chosen.values() if not _stands_in(node, chosen)]:
        node.decompose()


def _stands_in(node: LexborNode, chosen: Mapping[int, LexborNode]) -> bool:
    while (parent := node.parent) is not None:
        if parent.mem_id in chosen:
            return True
        node = parent
    return False


def _in_lines(text: str) -> str:
    """The text with line breaks in place of the marks."""
    if _ROW not in text and _CELL not in text:
        return _BREAKS.sub(lambda match: "\n\n" if _parts_paragraphs(match[0]) else "\n", text)
    parts = _BREAKS.split(text)
    pieces, breaks = parts[::2], parts[1::2]
    begins = [True, *(any(mark in between for mark in (_TABLE, _ROW, _CELL)) for between in breaks), True]
    # A cell of one short line: what stands before and behind a piece belongs to other cells.
    is_short = [
        first and last and len(piece) <= _LONGEST_CELL
        for piece, first, last in zip(pieces, begins, begins[1:], strict=False)
    ]
    lines = [pieces[0]]
    for between, piece, *short in zip(breaks, pieces[1:], is_short, is_short[1:], strict=False):
        if _TABLE not in between and all(short) and (_ROW in between or _CELL in between):
            lines.append("\n" if _ROW in between else _BETWEEN_CELLS)
        else:
            lines.append("\n\n" if _parts_paragraphs(between) else "\n")
        lines.append(piece)
    return "".join(lines)


def _parts_paragraphs(breaks: str) -> bool:
    return _PARAGRAPH in breaks or _TABLE in breaks or breaks.count(_BREAK) > 1
