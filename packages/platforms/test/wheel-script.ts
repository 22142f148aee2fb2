/** Python that makes wheels without a network: its arguments are the folder and `name==version`, one for each wheel. */
export const wheelScript = `import os, sys, zipfile
folder, *wheels = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
for wheel in wheels:
    name, version = wheel.split('==')
    info = f'{name}-{version}.dist-info'
    with zipfile.ZipFile(f'{folder}/{name}-{version}-py3-none-any.whl', 'w') as file:
        file.writestr(f'{name}.py', f'version = "{version}"\\n')
        file.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n')
        file.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        file.writestr(f'{info}/RECORD', '')
`
