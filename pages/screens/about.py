"""About: what the models are, from their cards."""

import streamlit as st

from core.metrics import NAMES
from core.taxonomy import DIAGNOSES
from ui.state import cards

st.title("About", anchor=False)
st.write(
    "LesionLab teaches how an AI reads dermoscopy. A U-Net outlines the lesion, a ResNet-50 weighs "
    "seven diagnoses, and Grad-CAM shows where its evidence lies. It is no medical device and "
    "never diagnoses: whoever worries about a mole should see a doctor."
)

found = cards()
if not found:
    st.error("No model card could be read from the weights folder. Get the repository again.")
for card in found.values():
    with st.container(border=True):
        st.subheader(card["name"], anchor=False)
        st.write(f"**Task** {card['task']}.")
        st.write(f"**Input** {card['input']['frame']} of {card['input']['size']} px.")
        st.write(f"**Trained on** {card['data']}, split `{card['split_id']}`, grouped by lesion.")
        st.write(f"**Started from** {card['start']}.")
        if isinstance(rule := card.get("decision"), dict):
            st.write(
                f"**Answer** {rule['how']}. Here the exponent is {rule['exponent']:g}, chosen on "
                f"{rule['chosen_on']}."
            )
        # Test first: on validation, choices were made.
        for split, metrics in sorted(card.get("metrics", {}).items()):
            st.write(
                f"**Measured on the {split} split**, {metrics['images']:,} images of "
                f"{metrics['lesions']:,} lesions (`{metrics['command']}`), 95 % intervals:"
            )
            figures = {name: metrics[key] for key, name in NAMES.items() if key in metrics}
            st.table(
                {
                    "Measure": list(figures),
                    "Value": [f"{v['value']:.3f}" for v in figures.values()],
                    "Interval": [f"{v['low']:.3f} to {v['high']:.3f}" for v in figures.values()],
                }
            )
        st.write("**Limits**")
        st.markdown("\n".join(f"- {limit}" for limit in card["limits"]))
        st.write(f"**Licence** {card['licence']}. **Use** {card['intended_use']}.")

st.subheader("The seven diagnoses", anchor=False)
st.table(
    {
        "Key": [d.key for d in DIAGNOSES],
        "Name": [d.name for d in DIAGNOSES],
        "Group": [d.group for d in DIAGNOSES],
        "What it is": [d.text for d in DIAGNOSES],
    }
)
st.caption(
    "Photos and masks: HAM10000, CC BY-NC 4.0, doi 10.1038/sdata.2018.161 and "
    "doi 10.1038/s41591-020-0942-0."
)
