"""How Sphinx writes the book as web pages. tools/make_site.py prepares what it reads; `make html` runs both."""

project = "tcpbook"
html_title = project
author = "The tcpbook contributors"
language = "en"
exclude_patterns = ["README.md"]  # index.md includes a part of it

extensions = ["myst_nb"]
myst_heading_anchors = 2
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # they would come from the net; book.js does what is needed here

html_theme = "sphinx_book_theme"
html_theme_options = {"navbar_persistent": [], "use_download_button": False}
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_copy_source = False
html_use_index = False
