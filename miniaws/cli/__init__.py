"""The command ``cloud``: one file per noun."""
