"""The texts that make MaskStudio known to a desktop."""

from __future__ import annotations

# Also what the window names itself (`QGuiApplication.setDesktopFileName`), so that a dock finds its icon.
APP_ID = "maskstudio"

ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.1
Name=MaskStudio
GenericName=Masked Image Editor
GenericName[de]=Bildbearbeitung mit Masken
Comment=Paint over what you want to ask about, engines answer while you go on working
Comment[de]=Übermalen, was gefragt ist, und zusehen, wie Antworten entstehen
Exec={exec}
Icon=maskstudio
Terminal=false
StartupNotify=true
StartupWMClass=maskstudio
Categories=Graphics;2DGraphics;RasterGraphics;Photography;
Keywords=photo;image;mask;inpaint;retouch;fill;remove;
MimeType=image/png;image/jpeg;image/webp;image/tiff;image/bmp;image/x-bmp;image/x-ms-bmp;image/openraster;
"""

OPENRASTER_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="image/openraster">
    <comment>OpenRaster archiving image</comment>
    <generic-icon name="image-x-generic"/>
    <magic priority="80">
      <match type="string" offset="0" value="PK\\003\\004">
        <match type="string" offset="30" value="mimetype">
          <match type="string" offset="38" value="image/openraster"/>
        </match>
      </match>
    </magic>
    <glob pattern="*.ora"/>
  </mime-type>
</mime-info>
"""
