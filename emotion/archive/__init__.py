"""Archives too large for one machine: Ray Data runs the analysis, see ``engine``.

``worker`` is the actor that analyses files; ``storage`` lists and opens files on disks and in
object stores. Needs the extra ``archive``.
"""
