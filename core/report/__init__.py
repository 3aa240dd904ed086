"""The report that a student takes home: one content (`content.Report`), shown as a PDF file
(`pdf.to_pdf`) or as one HTML file (`html.to_html`), so that the two never differ in facts."""
