"""How Chromium is started for tests and benchmarks, and when a page is whole."""

from __future__ import annotations

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # The window's own pages (the list below its address bar), which nobody sees here. Chromium
    # heeds the last list alone: of Playwright's, what could change a page is named again.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "OptimizationHints,DestroyProfileOnBrowserClose",
    # A made-up camera, allowed without asking.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Whatever a page asks of another host fails at once, on every machine alike.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Idle: no script runs, nothing on the screen is stale, spinning or moving (an expander opens for
# half a second; a click on what moves is lost), and it stays so for a moment (a click takes a
# moment to reach the server).
IS_IDLE = """quiet => {
    const app = document.querySelector('[data-testid="stApp"]');
    const moving = document.getAnimations().some(a => a.playState === 'running'
        && Number.isFinite(a.effect?.getComputedTiming().endTime));
    const idle = app?.dataset.testScriptState === 'notRunning' && !moving
        && !document.querySelector(
            '[data-stale="true"], [data-testid="stSpinner"], [data-testid="stSkeleton"]');
    if (!idle) { window.idleSince = null; return false; }
    window.idleSince ??= performance.now();
    return performance.now() - window.idleSince >= quiet;
}"""
