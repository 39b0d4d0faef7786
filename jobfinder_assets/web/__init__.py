"""The Streamlit app: search, label, read, understand. One file per page, over the lake and label files of all else."""
