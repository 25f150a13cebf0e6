"""`python -m topolens`: the command line."""

from topolens.cli import main

if __name__ == "__main__":
    main()
