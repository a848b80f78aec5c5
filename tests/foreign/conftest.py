"""The projects here are run by test_projects.py in processes of their own."""

collect_ignore = ["ape_project"]
