"""The screen in a browser: a web server for this laptop, and for each browser one console of its own.

    server    pages, token, and the socket of each browser
    seat      one console process behind one browser: begun, fed, and ended for certain
    driver    the console's half: it ends when its browser, or the server, is gone
    page      the page

aiohttp and the browser's terminal come from textual-serve, which is installed only where the screen is served.
"""
