"""What stands before the records of an XML file: prologue, root element, encoding."""

from __future__ import annotations

import codecs
import re

from lxml import etree

# Possessive, so that hostile prologues cost linear time.
HEAD = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->
    |<!DOCTYPE(?:"[^"]*"|'[^']*'|[^"'\[>])*+(?:\[[^\]]*\]\s*)?>)*+
    <(?P<root>[A-Za-z_][\w.-]*)(?P<attributes>(?:"[^"]*"|'[^']*'|[^"'<>])*+)>""",
    re.DOTALL | re.VERBOSE,
)
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']""")
# Without its end it reaches as far as the bytes do: many such openings would cost quadratic time.
COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)


def parser_for(head: bytes) -> tuple[etree.XMLParser, str | None]:
    """A parser without DTD, network and entities for the declared encoding, and what is wrong with that."""
    options = dict(load_dtd=False, no_network=True, resolve_entities=False, huge_tree=True)
    options |= dict(remove_comments=True, remove_pis=True, collect_ids=False)
    declared = _ENCODING.match(head.removeprefix(codecs.BOM_UTF8))
    name = declared[1].decode("ascii", "replace") if declared else "UTF-8"
    try:
        if codecs.lookup(name).encode("<>")[0] == b"<>":
            return etree.XMLParser(encoding=name, **options), None
    except (LookupError, UnicodeError, AttributeError, TypeError):
        pass
    return etree.XMLParser(encoding="UTF-8", **options), f"unknown encoding {name!r}, read as UTF-8"
