"""Tests of the link room: order, back-pressure and closing over every kind of transport."""
