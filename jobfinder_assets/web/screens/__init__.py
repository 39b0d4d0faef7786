"""One file per page; each has a function `page` that draws it.

Not named `pages`: Streamlit takes the files of such a folder for pages of its own, until somebody opens the app at its
root, and a bookmark shows nothing.
"""
