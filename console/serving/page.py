"""The page that a browser gets. Nothing in it comes from another machine."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>trajconsole</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/css/xterm.css">
<script src="/static/js/textual.js"></script>
<script src="/focus.js"></script>
<style>
  html, body {{ margin: 0; height: 100%; overflow: hidden }}
  body {{ background: #15181c; color: #c8ccd1; font-family: monospace }}
  #over {{ display: none; position: absolute; inset: 0; background: #15181cdd; z-index: 9; text-align: center }}
  body.-closed #over {{ display: block }}
  #over p {{ margin-top: 40vh }}
  #over a {{ color: #7aa2c9 }}
</style>
</head>
<body>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{socket}" data-font-size="{size}"></div>
<div id="over"><p>This console has ended; the workers go on. <a href="/">open it again</a></p></div>
</body>
</html>
"""

# Keys belong to the console from the first moment, and again when one comes back to the window.
FOCUS = """
const focus = () => {
  const place = document.querySelector(".xterm-helper-textarea");
  if (place) place.focus(); else setTimeout(focus, 50);
};
addEventListener("load", focus);
addEventListener("focus", focus);
"""

REFUSED = """<!DOCTYPE html><title>trajconsole</title>
<body style="background:#15181c;color:#c8ccd1;font-family:monospace">
<p>This console is opened with the address that <b>trajconsole serve</b> printed: it ends with ?token=…</p>
"""
