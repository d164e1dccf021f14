#include "words.h"

#define W(text)                                                                                              \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }
#define JOB(title, category, type, detail)                                                                   \
    {                                                                                                        \
        W(title), W(category), W(detail), W(type)                                                            \
    }
#define MACHINE(name, label, serial, about)                                                                  \
    {                                                                                                        \
        W(name), W(label), W(about), W(serial)                                                               \
    }

const struct words_job words_jobs[WORDS_JOBS] = {
    JOB("Replace bearing", "Mechanical", "REACTIVE", "Drive-side bearing is noisy and runs hot."),
    JOB("Grease bearings", "Lubrication", "PREVENTIVE", "Two strokes per nipple, wipe off the excess."),
    JOB("Tension drive belt", "Mechanical", "PREVENTIVE",
        "Check the belt for cracks, set the tension by the gauge."),
    JOB("Replace V-belt", "Mechanical", "REACTIVE", "Belt slips under load and squeals at start."),
    JOB("Fix oil leak", "Hydraulics", "REACTIVE", "Oil under the gearbox, about a cup a day."),
    JOB("Change gearbox oil", "Lubrication", "PREVENTIVE",
        "Drain warm, clean the magnet plug, fill ISO VG 220."),
    JOB("Check emergency stop", "Safety", "PREVENTIVE", "Press every button once, reset, note the response."),
    JOB("Repair safety guard", "Safety", "REACTIVE", "Interlock switch of the guard does not close."),
    JOB("Replace light curtain", "Safety", "REACTIVE",
        "Light curtain trips without a cause, lenses are clean."),
    JOB("Calibrate temperature sensor", "Instrumentation", "PREVENTIVE",
        "Compare at 40, 80 and 120 \u00b0C with the reference."),
    JOB("Replace pressure sensor", "Instrumentation", "REACTIVE", "Reading is stuck at 4.2 bar."),
    JOB("Inspect motor", "Electrical", "PREVENTIVE", "Measure the current on all phases and the insulation."),
    JOB("Replace contactor", "Electrical", "REACTIVE", "Contactor chatters, contacts are burnt."),
    JOB("Tighten terminals", "Electrical", "PREVENTIVE",
        "Main cabinet and sub-distribution, use the torque list."),
    JOB("Clean control cabinet", "Cleaning", "PREVENTIVE", "Vacuum the filters and check the fan."),
    JOB("Clean heat exchanger", "Cleaning", "PREVENTIVE",
        "Backwash and note the pressure drop before and after."),
    JOB("Replace air filter", "Pneumatics", "PREVENTIVE",
        "Pressure drop above 0.3 bar, take the spare from rack 7."),
    JOB("Find air leak", "Pneumatics", "REACTIVE", "Hissing behind the valve block, worse when it is warm."),
    JOB("Replace 1/2\\\" solenoid valve", "Pneumatics", "REACTIVE", "Valve sticks in the open position."),
    JOB("Replace hydraulic hose", "Hydraulics", "REACTIVE", "Hose is chafed where it crosses the frame."),
    JOB("Check accumulator pressure", "Hydraulics", "PREVENTIVE",
        "Nitrogen precharge to be 90 bar at 20 \u00b0C."),
    JOB("Align shaft", "Mechanical", "REACTIVE", "Vibration of 7 mm/s after the last coupling change."),
    JOB("Replace mechanical seal", "Mechanical", "REACTIVE", "Seal drips at standstill."),
    JOB("Vibration measurement", "Inspection", "PREVENTIVE",
        "Route 3, all measuring points, upload the readings."),
    JOB("Weekly inspection", "Inspection", "PREVENTIVE", "By the checklist; report what is out of order."),
    JOB("Monthly inspection", "Inspection", "PREVENTIVE",
        "By the checklist, with the cover off and locked out."),
    JOB("Replace worn chain", "Mechanical", "REACTIVE", "Chain is stretched by more than 2 %."),
    JOB("Update firmware", "Automation", "OTHER", "Back up the parameters first."),
    JOB("Restore PLC parameters", "Automation", "REACTIVE", "Program lost after a power dip."),
    JOB("Replace encoder", "Automation", "REACTIVE", "Position drifts by some mm per hour."),
    JOB("Count spare parts", "Stores", "CYCLE_COUNT", "Count the shelf and correct the stock."),
    JOB("Paint touch-up", "Facility", "OTHER", "Prime bare metal before painting."),
};

const struct words_machine words_machines[WORDS_MACHINES] = {
    MACHINE("conveyor", "Conveyor", "CV", "Belt conveyor between filling and packing"),
    MACHINE("palletizer", "Palletizer", "PL", "Four-axis palletizer with layer gripper"),
    MACHINE("filler", "Filler", "FL", "Rotary filler with 40 valves"),
    MACHINE("labeler", "Labeler", "LB", "Hot-melt labeler"),
    MACHINE("compressor", "Compressor", "KP", "Oil-free screw compressor, 55 kW"),
    MACHINE("boiler", "Boiler", "BO", "Steam boiler, 10 bar"),
    MACHINE("chiller", "Chiller", "CH", "Glycol chiller for the tank farm"),
    MACHINE("cooling tower", "Cooling tower", "CT", "Open cooling tower on the roof"),
    MACHINE("pump", "Pump", "PU", "Centrifugal pump, stainless"),
    MACHINE("mixer", "Mixer", "MX", "Agitator of the sugar dissolving tank"),
    MACHINE("hydraulic press", "Hydraulic press", "HP", "250 t press with light curtain"),
    MACHINE("CNC mill", "CNC mill", "CN", "Five-axis machining center"),
    MACHINE("lathe", "Lathe", "LA", "CNC lathe with bar feeder"),
    MACHINE("forklift", "Forklift", "FK", "Electric forklift, 2.5 t"),
    MACHINE("overhead crane", "Overhead crane", "CR", "Double-girder crane, 12.5 t"),
    MACHINE("air handler", "Air handler", "AH", "Air handling unit of the clean room"),
    MACHINE("dock door", "Dock door", "DD", "Sectional door with leveler"),
    MACHINE("robot cell", "Robot cell", "RC", "Six-axis robot in a fenced cell"),
    MACHINE("extruder", "Extruder", "EX", "Single-screw extruder, 90 mm"),
    MACHINE("K\u00fchlanlage", "K\u00fchlanlage", "KA", "Ammonia refrigeration plant in hall West"),
};

const struct word words_locations[WORDS_LOCATIONS] = {
    W("Plant 1 - Filling hall"),
    W("Plant 1 - Packing hall"),
    W("Plant 1 - Utilities"),
    W("Plant 2 - Machining"),
    W("Plant 2 - Press shop"),
    W("Plant 2 - Paint shop"),
    W("Warehouse North"),
    W("Warehouse South"),
    W("Tank farm & pump house"),
    W("Werk S\u00fcd - Halle 3"),
};

const struct word words_remarks[WORDS_REMARKS] = {
    W("Lock out and tag out before opening."),
    W("Shift lead has to release the line."),
    W("Spare is on stock, bin C-14."),
    W("Reported by the night shift."),
    W("Can wait for the weekend stop."),
    W("Second time this quarter: note the cause."),
    W("Take photos before and after."),
    W("Ask the line operator for details."),
    W("Hot surfaces, wear gloves."),
    W("Contractor is booked for the lift."),
    W("Measure again after one hour of running."),
    W("Document the readings in the comment."),
};

const struct word words_conditions[WORDS_CONDITIONS] = {
    W("Running"),
    W("Running at reduced speed"),
    W("Stopped"),
    W("Standby"),
    W("Waiting for parts"),
    W("Unknown"),
};
