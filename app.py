"""SGD Lab: the server imports this file as it starts, and runs it for a visitor as the Home page."""

import streamlit as st

if __name__ == "app":
    from starlette.middleware import Middleware

    from pages.ui.kept_files import KeptFiles
    from pages.ui.starting import answer_error, load_libraries

    app = st.App(__file__, lifespan=load_libraries, on_script_error=answer_error, middleware=[Middleware(KeptFiles)])
else:
    from pages.home.page import show

    show()
