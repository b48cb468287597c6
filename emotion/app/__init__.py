"""The Streamlit app, the only package that imports Streamlit. Imports point down this list:

======================= =========================================================================
``pages/``              the four pages: Photo, Webcam, Video, About
``widgets/``            what pages are made of: bars, face cards, charts, camera, controls
``layout``              header, footer, messages, and the analyzer that all visitors share
``kept_uploads``        files that stay until they are removed
``streamlit_patches/``  everything that relies on private parts of Streamlit
``workers/``, ``work``  processes in which visitors' files are read, and what pages ask of them
``video_job``, ...      work and files without Streamlit: the analysis of a clip, its report,
                        an analysed photo, an evaluation's report, table formats
``captions``            results as English text
``templating``          HTML from ``templates/`` with every value escaped, CSS from ``styles/``
``ice``, ``limits``     the server's settings for live video
======================= =========================================================================
"""
