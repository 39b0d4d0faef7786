"""The optional transformer (extra `encoder`): tokenizer, vectors and classifier fine-tuned on the user's own postings.

Nothing here imports torch before it is needed, and no other room imports it at all: what the others read are the
vectors in the lake (`vectors.py`), which need numpy alone.
"""
