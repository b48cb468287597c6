"""Parts of pages. Those ending in ``_html`` and ``_svg`` return markup, the others draw it."""
