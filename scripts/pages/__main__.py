from scripts.pages.all import write

write()
