"""Pictures: a tidy DataFrame in, an Altair chart out. No torch, no Streamlit."""
