"""Opens a document in LibreOffice and stores it as ODT with a password.

Arguments: source, target, password. Needs LibreOffice's Python bridge (uno).
"""
import pathlib, subprocess, sys, tempfile, time
import uno
from com.sun.star.beans import PropertyValue

source, target, password = sys.argv[1:4]
PIPE = 'docstream-corpus'


def option(name, value):
    return PropertyValue(Name=name, Value=value)


with tempfile.TemporaryDirectory() as profile:
    office = subprocess.Popen(['soffice', '--headless', f'-env:UserInstallation=file://{profile}', f'--accept=pipe,name={PIPE};urp'])
    resolver = uno.getComponentContext().ServiceManager.createInstance('com.sun.star.bridge.UnoUrlResolver')
    for _ in range(100):
        try:
            context = resolver.resolve(f'uno:pipe,name={PIPE};urp;StarOffice.ComponentContext')
            break
        except Exception:
            time.sleep(0.3)
    desktop = context.ServiceManager.createInstanceWithContext('com.sun.star.frame.Desktop', context)
    document = desktop.loadComponentFromURL(pathlib.Path(source).resolve().as_uri(), '_blank', 0, (option('Hidden', True),))
    document.storeToURL(pathlib.Path(target).resolve().as_uri(), (option('FilterName', 'writer8'), option('Password', password)))
    document.close(True)
    try:
        desktop.terminate()
    except Exception:
        pass
    office.wait(30)
