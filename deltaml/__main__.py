"""`python -m deltaml`."""

from deltaml.cli import main

if __name__ == "__main__":
    main()
