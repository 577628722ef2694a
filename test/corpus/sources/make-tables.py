"""Writes observatory.xlsx with openpyxl, and coffee.csv and planets.json with Python's modules."""
import csv, datetime, json, sys
from openpyxl import Workbook

out = sys.argv[1]
book = Workbook()
sheet = book.active
sheet.title = 'Telescopes'
sheet.append(['Name', 'Aperture in metres', 'Site', 'First light', 'What it is best at'])
for row in [
    ['Gran Telescopio Canarias', 10.4, 'La Palma', datetime.date(2007, 7, 13), 'spectra of faint galaxies'],
    ['Keck I', 10, 'Mauna Kea', datetime.date(1990, 11, 24), 'adaptive optics in the near infrared'],
    ['Vera C. Rubin Observatory', 8.4, 'Cerro Pachon', datetime.date(2025, 6, 23), 'a survey of the whole southern sky every few nights'],
    ['Arecibo', 305, 'Puerto Rico', datetime.date(1963, 11, 1), 'radar echoes of asteroids, until the platform fell in 2020'],
]:
    sheet.append(row)
nights = book.create_sheet('Nights')
nights.append(['Month', 'Clear nights', 'Seeing in arc seconds'])
for row in [['January', 14, 0.9], ['April', 17, 0.8], ['July', 26, 0.6], ['October', 19, 0.7]]:
    nights.append(row)
nights.append(['Total', '=SUM(B2:B5)', None])
book.save(f'{out}/observatory.xlsx')

with open(f'{out}/coffee.csv', 'w', newline='', encoding='utf-8') as f:
    writer = csv.writer(f)
    writer.writerow(['origin', 'variety', 'altitude_m', 'process', 'tasting notes'])
    writer.writerow(['Ethiopia, Yirgacheffe', 'Heirloom', 1950, 'washed', 'jasmine, bergamot and lemon'])
    writer.writerow(['Kenya, Nyeri', 'SL28', 1800, 'washed', 'blackcurrant, with a "winey" acidity'])
    writer.writerow(['Brazil, Cerrado', 'Yellow Bourbon', 1100, 'natural', 'hazelnut and milk chocolate'])
    writer.writerow(['Sumatra, Mandheling', 'Typica', 1300, 'wet hulled', 'cedar, earth and dark chocolate'])
    writer.writerow(['Panama, Boquete', 'Geisha', 1700, 'washed', 'peach, honeysuckle; crème brûlée as it cools'])

with open(f'{out}/planets.json', 'w', encoding='utf-8') as f:
    json.dump({'planets': [
        {'name': 'Mercury', 'moons': 0, 'note': 'Its day lasts two of its years, and ice survives in craters at the poles.'},
        {'name': 'Venus', 'moons': 0, 'note': 'A runaway greenhouse keeps the surface hot enough to melt lead.'},
        {'name': 'Mars', 'moons': 2, 'note': 'Olympus Mons is the tallest mountain of the solar system.'},
        {'name': 'Jupiter', 'moons': 97, 'note': 'The Great Red Spot is a storm that has been watched since 1831.'},
        {'name': 'Saturn', 'moons': 274, 'note': 'Its rings are almost pure water ice and only ten metres thick in places.'},
    ]}, f, indent=2, ensure_ascii=False)
