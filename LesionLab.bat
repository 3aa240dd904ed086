@echo off
rem LesionLab in a window of its own. The first time, this installs what it needs into .venv.
cd /d "%~dp0"

if exist ".venv\Scripts\pythonw.exe" ".venv\Scripts\python.exe" -c "import streamlit" 2>nul && goto start

set PY=python
where py >nul 2>nul && set PY=py -3
%PY% -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>nul || goto nopython
echo Installing into .venv. The first time this downloads much and takes some minutes.
%PY% -m venv --clear .venv || goto failed
".venv\Scripts\python.exe" -m pip install --disable-pip-version-check -r requirements.txt || goto failed
".venv\Scripts\python.exe" -m core prepare

:start
start "" ".venv\Scripts\pythonw.exe" -m desktop
exit /b 0

:nopython
echo LesionLab needs Python 3.11 or newer: install it from https://www.python.org/downloads/
pause
exit /b 1

:failed
echo The installation did not work; see above. Double-click once more when it can be reached.
pause
exit /b 1
