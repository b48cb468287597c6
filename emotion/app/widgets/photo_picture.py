"""The annotated photo, in which each face says its answer under the pointer, and that zooms in."""

from __future__ import annotations

import base64

from markupsafe import Markup

from emotion.app.analyzed_photo import PREVIEW_PX, AnalyzedPhoto
from emotion.app.captions import counted, face_caption, photo_caption
from emotion.app.templating import render


def photo_picture_html(photo: AnalyzedPhoto) -> Markup:
    """The picture for ``st.html``, with a caption of its size.

    Args:
        photo: With at least one pixel and any number of faces.
    """
    spots = []
    for number, face in enumerate(photo.faces, start=1):
        x1, y1, x2, y2 = (float(v) for v in face.xyxy)
        spots.append(
            {
                "left": 100 * x1 / photo.width,
                "top": 100 * y1 / photo.height,
                "width": 100 * (x2 - x1) / photo.width,
                "height": 100 * (y2 - y1) / photo.height,
                "is_right": x1 + x2 > photo.width,
                "is_top": y1 < 0.2 * photo.height,
                "text": face_caption(face, number),
            }
        )
    scale = min(1.0, PREVIEW_PX / max(photo.width, photo.height))
    return render(
        "photo_picture.html",
        picture=f"data:image/jpeg;base64,{base64.b64encode(photo.preview).decode()}",
        alt=photo_caption(photo.faces),
        facts=f"{counted(len(photo.faces), 'face')} · {photo.width} × {photo.height} pixels",
        width=max(1, round(photo.width * scale)),
        height=max(1, round(photo.height * scale)),
        spots=spots,
    )
