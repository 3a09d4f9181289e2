"""What the pages share and needs Streamlit."""
