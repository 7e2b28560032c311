"""The words the painter knows, in English and a little German, French and Spanish; tables only.

Words are written as `reading.plain` leaves them: lower case, without accents, `ss` for `ß`.
"""

from __future__ import annotations

from notebookgen.sandbox.colours import RGB, hexed

__all__ = ["COLOURS", "COUNTS", "IDEOGRAMS", "LINKS", "MOODS", "PLACES", "STYLES", "SUBJECTS", "TINTS", "WEATHERS"]


def _index(lines: str) -> dict[str, str]:
    """Turn lines of `meaning: word word ...` into word -> meaning; the meaning is a word too."""
    found: dict[str, str] = {}
    for line in lines.strip().splitlines():
        meaning, _, words = line.strip().partition(":")
        for word in (meaning, *words.split()):
            found.setdefault(word, meaning)
    return found


SUBJECTS = _index("""
    fox: foxes fuchs fuchse renard renards zorro zorros vixen
    cat: kitten kitty katze katzen kater katzchen chat chats chaton gato gatos gata
    dog: puppy puppies hund hunde welpe chien chiens perro perros wolf wolves husky loup lobo corgi terrier retriever
    rabbit: bunny bunnies hare hase hasen kaninchen lapin lapins conejo conejos
    bear: baren ours oso osos grizzly teddy
    panda: pandas
    lion: lions lowe lowen leon leones lioness
    tiger: tigers tigre tigres
    owl: owls eule eulen hibou chouette buho buhos
    penguin: penguins pinguin pinguine pingouin manchot pinguino
    bird: birds vogel oiseau oiseaux pajaro pajaros ave aves robin sparrow swallow gull seagull crow raven parrot dove crane eagle
    fish: fishes fisch fische poisson poissons pez peces goldfish koi salmon shark
    whale: whales wal wale baleine baleines ballena ballenas dolphin dolphins delfin
    turtle: turtles schildkrote tortue tortuga
    jellyfish: qualle quallen meduse meduses medusa medusas octopus
    horse: horses pferd pferde pony ponies cheval chevaux caballo caballos unicorn einhorn licorne unicornio zebra
    deer: stag doe elk moose reindeer hirsch hirsche reh rehe cerf ciervo ciervos
    elephant: elephants elefant elefanten elefante elefantes elephanten
    sheep: lamb lambs schaf schafe mouton moutons oveja ovejas goat
    cow: cows kuh kuhe vache vaches vaca vacas
    butterfly: butterflies schmetterling schmetterlinge papillon papillons mariposa mariposas
    dragon: dragons drache drachen
    robot: robots roboter android androids bot
    astronaut: astronauts cosmonaut spaceman kosmonaut astronaute astronauta
    person: people man woman girl boy child children kid teacher student wizard knight princess king queen mann frau kind kinder madchen junge lehrer lehrerin homme femme fille garcon enfant hombre mujer nina nino dancer hiker
    portrait: portraits selfie face gesicht visage retrato bildnis headshot
    house: houses cottage cabin hut home haus hauser hutte maison maisons casa casas barn farmhouse villa
    lighthouse: lighthouses leuchtturm leuchtturme phare phares faro faros
    castle: castles palace fortress schloss burg burgen chateau chateaux castillo castillos
    church: chapel cathedral kirche eglise iglesia temple tempel mosque
    windmill: windmills mill windmuhle muhle moulin molino
    tower: towers turm turme torre skyscraper
    bridge: bridges brucke brucken pont ponts puente puentes
    tent: tents zelt zelte tente tienda camping
    boat: boats sailboat sailboats ship ships yacht schiff schiffe boot boote segelboot bateau bateaux voilier barco barcos velero canoe
    balloon: balloons ballon ballons heissluftballon heissluftballons montgolfiere montgolfieres globo globos airship
    bicycle: bicycles bike bikes cycling fahrrad fahrrader rad velo velos bicyclette bicicleta bicicletas bici
    car: cars auto autos wagen voiture voitures coche coches truck van taxi automobile
    train: trains zug zuge eisenbahn tren trenes locomotive tram
    rocket: rockets rakete raketen fusee cohete spaceship spacecraft starship raumschiff
    plane: planes airplane aeroplane aircraft flugzeug avion aviones
    planet: planets saturn jupiter mars erde planete planetes planeta planetas globe
    moon: moons mond lune luna
    tree: trees oak baum baume arbre arbres arbol arboles bonsai maple apfelbaum
    pine: pines fir tanne tannen sapin sapins pino pinos christmas weihnachtsbaum
    palm: palms palme palmen palmier palmera
    flower: flowers rose roses tulip tulips daisy daisies sunflower sunflowers blume blumen fleur fleurs flor flores bouquet blossom blossoms poppy poppies lily
    mushroom: mushrooms pilz pilze champignon champignons seta setas toadstool
    cactus: cacti kaktus kakteen saguaro
    fruit: fruits obst frutas fruta food meal essen nourriture comida bowl breakfast
    apple: apples apfel pomme pommes manzana manzanas peach cherry
    orange_fruit: oranges orangen naranja naranjas mandarin
    lemon: lemons zitrone zitronen citron citrons limon limones lime
    pear: pears birne birnen poire poires pera peras
    cake: cakes kuchen torte gateau gateaux pastel tarta cupcake muffin pancakes
    cup: cups mug coffee tea kaffee tee tasse tassen cafe taza tazas cappuccino espresso latte teacup
    bottle: bottles perfume flasche flaschen bouteille botella wine
    vase: vases jug pot pottery krug jarron pitcher
    book: books buch bucher livre livres libro libros
    lamp: lamps lantern lampe lampara laterne
    guitar: guitars gitarre guitare guitarra
    umbrella: umbrellas regenschirm schirm parapluie paraguas
    snowman: schneemann snowmen
    crystal: crystals diamond diamonds gem gems kristall diamant cristal
    heart: hearts herz herzen coeur corazon
""")

PLACES = _index("""
    sea: ocean beach coast shore waves wave surf harbour harbor island meer strand kuste insel mer plage ile playa mar oceano
    lake: river pond lagoon fluss teich lac riviere etang lago rio
    underwater: reef coral aquarium unterwasser korallenriff submarine deep
    forest: woods wood woodland jungle wald walder dschungel foret jungla bosque
    mountain: mountains alps peak peaks cliff glacier volcano berg berge alpen montagne montagnes montana montanas
    desert: dune dunes sahara canyon wuste dunen sable desierto dunas
    city: town street skyline downtown urban tokyo paris london berlin york stadt strasse ville rue ciudad calle rooftop market
    space: galaxy cosmos universe nebula orbit weltraum weltall galaxie espace espacio cosmic
    meadow: field fields garden grass park farm farmland wiese feld garten champ jardin prado campo village dorf prairie
    snowfield: arctic antarctica ice tundra eis arktis glace hielo iceberg
    clouds: cloud heaven wolke wolken himmel nuage nuages ciel nube nubes cielo
    table: kitchen desk studio product tisch kuche stillleben mesa cocina cafeteria stilleben
    room: indoors interior bedroom library classroom window zimmer raum klassenzimmer chambre salon habitacion aula living
    road: highway route path strasse weg carretera camino
""")

MOODS = _index("""
    night: midnight nighttime nocturnal moonlit moonlight starry nacht nachts mondlicht sternenhimmel nuit noche dark dunkel bedtime
    dawn: sunrise morning misty pastel morgen sonnenaufgang morgengrauen aube matin amanecer manana
    sunset: dusk evening twilight golden sonnenuntergang abend abends dammerung coucher crepuscule soir atardecer ocaso tarde
    day: noon daylight sunny bright tag sonnig jour ensoleille dia soleado summer spring
    autumn: fall herbst herbstlich automne otono october november
    winter: wintry winterlich hiver invierno frozen christmas weihnachten
    storm: stormy thunder lightning gewitter sturm orage tormenta gloomy
    neon: cyberpunk synthwave vaporwave futuristic futuristisch
    mono: monochrome grayscale greyscale schwarzweiss
""")

WEATHERS = _index("""
    rain: rainy raining regen regnerisch pluie lluvia drizzle storm stormy gewitter orage tormenta
    snow: snowy snowing schnee verschneit neige nieve snowfall blizzard winter hiver invierno
    fog: mist misty foggy haze nebel neblig brume brouillard niebla
    stars: starry sterne etoiles estrellas stern etoile
    aurora: polarlicht northern polarlichter
    petals: spring blossom blossoms sakura fruhling printemps primavera cherry
    leaves: autumn herbst automne otono
""")

STYLES = _index("""
    watercolour: watercolor watercolours aquarell aquarelle acuarela gouache
    pixel: pixelart pixelated pixelkunst 8bit 16bit retrogame
    line: sketch drawing pencil ink lineart doodle engraving etching skizze zeichnung bleistift dessin croquis dibujo boceto linocut
    oil: impressionist impressionism gogh monet brushstrokes olgemalde huile oleo painterly painting gemalde
    poster: plakat affiche cartel vintage travel retro screenprint
    photo: photograph photographic photorealistic photography realistic cinematic foto fotografie fotografia bokeh 35mm
    mosaic: stained glass polygon lowpoly poly mosaik mosaique vitrail mosaico origami papercut
    comic: halftone cartoon manga anime popart comicstil
    sepia: daguerreotype antique
""")

#: Flowers whose name says their colour.
TINTS: dict[str, RGB] = {
    word: hexed(code)
    for code, words in {
        "f4c430": "sunflower sunflowers daffodil daffodils",
        "d62839": "rose roses poppy poppies",
        "f8f4ea": "daisy daisies lily lilies",
    }.items()
    for word in words.split()
}

#: How colours are called; `None` never occurs, so a hit is always a colour.
COLOURS: dict[str, RGB] = {
    word: hexed(code)
    for code, words in {
        "d62839": "red crimson scarlet rot rote roter rotes roten rouge rouges rojo roja rojos rojas ruby",
        "2f6fbb": "blue azure blau blaue blauer blaues blauen bleu bleue bleus azul azules cobalt navy sapphire",
        "3a9d5d": "green emerald grun grune gruner grunes grunen vert verte verts verde verdes",
        "f4c430": "yellow gelb gelbe gelber gelbes gelben jaune jaunes amarillo amarilla amarillos",
        "f07f2e": "orange orangefarben naranja ginger",
        "7b4fa6": "purple violet lila violett violette lilac morado morada lavender magenta",
        "f284a8": "pink rosa rosafarben fuchsia",
        "25252d": "black schwarz schwarze schwarzer schwarzes noir noire negro negra",
        "f6f3ec": "white weiss weisse weisser weisses blanc blanche blanco blanca ivory",
        "8b5a33": "brown braun braune brauner braunes brun brune marron cafe bronze",
        "8d949c": "grey gray grau graue grauer graues gris grises",
        "d9a520": "gold golden goldene goldener dore doree dorado dorada",
        "b9c2cc": "silver silbern argente plateado",
        "2ba8a8": "turquoise teal turkis cyan aqua",
    }.items()
    for word in words.split()
}

COUNTS = {
    word: number
    for number, words in {
        1: "one ein eine un une uno una single",
        2: "two pair couple zwei deux dos 2 both",
        3: "three drei trois tres 3 several some",
        4: "four vier quatre cuatro 4",
        5: "five funf cinq cinco 5 many flock herd swarm fleet bunch",
        6: "six sechs seis 6",
        7: "seven sieben sept siete 7 dozens hundreds",
    }.items()
    for word in words.split()
}

_LINKS = (
    "riding rides ride on in upon atop driving sailing piloting auf im reitet sur dans en sobre aboard inside steering "
    "cycling"
)
#: Words between two subjects that put the first one upon the second.
LINKS = frozenset(_LINKS.split())

#: Chinese and Japanese characters, looked for anywhere in the prompt.
IDEOGRAMS = {
    "狐": "fox", "猫": "cat", "貓": "cat", "犬": "dog", "狗": "dog", "兔": "rabbit", "熊": "bear", "鳥": "bird", "鸟": "bird", "魚": "fish",
    "鱼": "fish", "鯨": "whale", "鲸": "whale", "馬": "horse", "马": "horse", "龍": "dragon", "龙": "dragon", "家": "house", "城": "castle",
    "船": "boat", "車": "car", "车": "car", "木": "tree", "树": "tree", "花": "flower", "海": "sea", "山": "mountain", "森": "forest",
    "街": "city", "夜": "night", "雪": "snow", "雨": "rain", "星": "stars", "月": "night",
}  # fmt: skip
