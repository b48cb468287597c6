"""Video files: reading frames (``reader``), analysing them (``pipeline``), keeping the result
(``track_store``, ``people``) and writing the annotated video (``render``, ``writer``, ``audio``).
"""
