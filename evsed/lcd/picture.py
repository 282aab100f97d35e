"""The picture of the LCD as a file."""

from io import BytesIO

from PIL import Image


def png(image: Image.Image) -> bytes:
    """A PNG of a picture of mode "1" with 1 = ink: black on white, dot by dot."""
    file = BytesIO()
    paper = Image.new("1", image.size, 1)
    paper.paste(0, None, image)
    paper.save(file, "png")
    return file.getvalue()
