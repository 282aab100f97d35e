"""``python -m tests.lcd`` (``make lcd``): writes the pictures of all scenes, and docs/lcd.png with all of them."""

from evsed.lcd.picture import png
from tests.lcd.scenes import FOLDER, file, picture
from tests.lcd.sheet import FILE, sheet
from tests.lcd_scenes import SCENES

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name in SCENES:
        file(name).write_bytes(png(picture(name)))
    sheet().save(FILE, optimize=True)
