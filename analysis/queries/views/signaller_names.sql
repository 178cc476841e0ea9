-- title: Names of hosts of signallers
-- answers: Registrable domain and provider of every host that a signaller names.
-- denominator: none.
SELECT name, registrable, provider FROM names
