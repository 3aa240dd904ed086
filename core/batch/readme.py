"""What a student takes home with the tables of many photos: a file that says what is in them."""

from core.report.downloads import DISCLAIMER

README = f"""{DISCLAIMER}

predictions.csv: one row for each photo, a comma between columns, a point in numbers (UTF-8)

image                   name of the photo here, and of its mask
file                    the photo's file, with its folders
akiec bcc bkl df mel nv vasc
                        calibrated probability of each diagnosis, 0 to 1: actinic keratosis or
                        Bowen's disease, basal cell carcinoma, benign keratosis, dermatofibroma,
                        melanoma, melanocytic naevus, vascular lesion
prediction              the model's answer; it makes up for how common each diagnosis is, so it need
                        not be the most probable one
in_domain               whether the photo is dermoscopy; if false, the figures mean little
domain                  familiar: like the training photos; elsewhere: of another camera or clinic;
                        refused: no dermoscopy
novelty                 how unlike the training photos it is, 0 and more

Of the outlined lesion; empty if none was found:

area_share              its share of the frame, 0 to 1
equivalent_diameter_px  diameter of a disc of the same area, in pixels of the photo
asymmetry               of shape, 0 symmetric to 1
colour_asymmetry        colour difference of mirrored places, in units of CIELAB; 0 symmetric
compactness             of the border: 1 a smooth disc; more: ragged or elongated
solidity                of the border: 1 without notches; less: notched
abrupt_segments         of eight sectors, those that end abruptly at the border
colours                 how many of the six colours are there
white red light_brown dark_brown blue_grey black
                        share of the lesion that is nearest to that colour, 0 to 1
in_colour               whether the photo has colours; if false, the seven columns before are 0
touches_border          whether the lesion reaches the frame, so that it may be cut off
note                    what this table is for

masks/IMAGE.png: the outlined lesion of that photo; 255 on the lesion, 0 elsewhere

rejected.csv: files that were not analysed, and why

An apostrophe before =, +, - or @ in a name keeps spreadsheets from running it as a formula.
"""
