"""The same bytes to C gearmand and to ours: scripts, a player for both, and what may differ.

How the pieces fit:

* ``steps`` are what a script does on its named connections; ``notation`` is how they are written;
* ``script_files`` reads the named scripts of the folder ``scripts``, one file a subject;
* ``replies`` turns what a server sends into lines of that notation, with job handles renamed
  ``{1}``, ``{2}`` ... in the order in which the server gave them out;
* ``side`` plays a step on one server and returns when everything it caused has arrived;
* ``player`` plays a script on both servers, step by step, and compares;
* ``differences`` is the list of what may differ and why; ``common_ground`` says for generated
  scripts which reply of the C server stands for which of ours, and where the two part ways;
* ``strategies`` and ``idioms`` are hypothesis' scripts, ``generated`` plays them and keeps them on
  common ground with the help of a ``view`` of what they brought about; ``malformed`` is the rest
  of what can be sent;
* ``modes`` says how many examples are played, and how to play more.
"""
