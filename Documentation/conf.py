# SPDX-License-Identifier: GPL-2.0
"""Sphinx: `make docs`. The pages are meant to be read as they are, too."""

import os
import re

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

HERE = os.path.dirname(os.path.abspath(__file__))

project = "Waltz"
copyright = "the authors of Waltz, GPL-2.0"
extensions = ["sphinx.ext.graphviz"]
graphviz_output_format = "svg"
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {
    "page_width": "70rem",
    "sidebar_width": "13rem",
    "font_family": "sans-serif",
    "head_font_family": "sans-serif",
    "code_font_size": "0.8em",
    "description": "a transport with its connection life cycle in the open",
}
html_static_path = ["waltz.css"]
html_css_files = ["waltz.css"]
html_show_sourcelink = False
html_show_sphinx = False
html_copy_source = False


class Ladder(Directive):
    """A picture of pictures/ if it is there, else what the directive holds."""

    has_content = True
    required_arguments = 1

    def run(self):
        text = "\n".join(self.content)
        uri = f"pictures/{self.arguments[0]}.svg"
        if os.path.exists(os.path.join(HERE, uri)):
            return [nodes.image(uri=uri, alt=text)]
        return [nodes.literal_block(text, text)]


class PageNames(SphinxPostTransform):
    """The name of another page, as in "see mib.rst", becomes a link."""

    default_priority = 5    # before references are resolved
    NAME = re.compile(r"\b([\w-]+)\.rst\b")
    NOT_IN = (nodes.literal, nodes.literal_block, nodes.reference, nodes.title)

    def run(self, **kwargs):
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, self.NOT_IN):
                text.parent.replace(text, list(self.links(text.astext())))

    def links(self, text):
        end = 0
        for match in self.NAME.finditer(text):
            page = match.group(1)
            if page not in self.env.found_docs or page == self.env.docname:
                continue
            yield nodes.Text(text[end:match.start()])
            yield addnodes.pending_xref(
                "", nodes.inline("", page), refdomain="std", reftype="doc", reftarget=page,
                refdoc=self.env.docname, refexplicit=True, refwarn=True)
            end = match.end()
        yield nodes.Text(text[end:])


def setup(app):
    app.add_directive("ladder", Ladder)
    app.add_post_transform(PageNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
