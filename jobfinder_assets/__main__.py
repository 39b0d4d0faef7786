"""`python -m jobfinder_assets`: the `jobfinder` command of this interpreter."""

from jobfinder_assets.cli import main

main()
