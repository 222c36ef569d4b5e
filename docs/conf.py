"""How Sphinx writes the book as web pages. tools/make_site.py prepares the notebooks; `make html` runs both."""

project = "tcpbook"
html_title = "tcpbook"
language = "en"

extensions = ["myst_nb"]
myst_heading_anchors = 2
nb_execution_mode = "off"
nb_ipywidgets_js = {"widgets.js": {"defer": "defer"}}  # instead of scripts from the net
exclude_patterns = ["README.md"]  # a part of it is included in index.md

html_theme = "sphinx_book_theme"
html_theme_options = {"use_download_button": False}
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_copy_source = False
