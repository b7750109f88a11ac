"""The kinds of work that are put on job servers, one file for each thing that is asked.

``table`` has all of them in the order of the page.
"""
