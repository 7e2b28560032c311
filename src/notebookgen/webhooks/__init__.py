"""Being called back: an address for each job, a small server that takes what comes there, and what that says.

A callback is a hint. It moves nothing by itself: the engine decides what to make of it. The server loads tornado, so it
is imported where one is started.
"""
