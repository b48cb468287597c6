"""The page: one module a place, the only package that imports Streamlit.

``shared`` holds what the places have in common, ``bars`` the chart of the seven probabilities.
"""
