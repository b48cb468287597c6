"""Video files: reading frames (``reader``), analysing them (``pipeline``), keeping the result
(``track_store``, ``persons``) and writing the annotated video (``render``, ``writer``, ``audio``).
"""
