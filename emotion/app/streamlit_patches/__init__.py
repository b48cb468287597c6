"""Everything that relies on private parts of Streamlit or streamlit-webrtc.

==================== ===================================================================
module               what it changes or reads
==================== ===================================================================
session_cleanup      frees the sessions, uploads and pictures of visitors who have left
uploads              keeps uploads in memory, removes single ones
page_drop (+ js)     hands pasted and dropped files to the file uploader
camera_component     keeps a starting stream alive, reads its round-trip time
camera_offers        checks what a browser offers, closes what does not connect, keeps to the relay
run_control          ends work when Streamlit ends the run that waits for it
page_semantics (+ js) landmarks, names, announcements, the target of the skip link
clip_player (+ js)   seeks a video, draws its position on the chart, marks events at it
camera_frame (+ js)  explains camera errors, gives TURN servers at the start, changes the camera's
                     resolution, opens fullscreen, takes a key pressed in the camera's iframe
==================== ===================================================================

``TESTED`` names the versions that these were tested with; ``pyproject.toml`` bounds the packages.
``tests/unit/test_streamlit_patches.py`` fails when another version is installed or a private part
has moved. After an update: fix what fails, run the browser tests, then change ``TESTED`` and the
bounds.
"""

TESTED = {"streamlit": "1.67", "streamlit-webrtc": "0.79", "starlette": "1.10", "aiortc": "1.16"}
"""Major and minor version of each package whose private parts are used."""
