"""The kinds of work for job servers, one file for each question.

``table`` has all of them in the order of the page.
"""
