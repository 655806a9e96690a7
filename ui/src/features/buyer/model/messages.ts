import { defineMessages } from '@/i18n/messages';

export const messages = defineMessages({
  en: {
    title: 'Your model',
    views: 'What to do with the model',
    weights: 'Weights',
    predictOne: 'Predict',
    predictMany: 'Predict from a CSV',
    formula: (target: string) => `${target} = intercept + the sum of weight × feature`,
    name: 'Feature',
    weight: 'Weight',
    unit: 'Unit of the weight',
    effect: 'Over its range',
    effectHelp: 'By how much the prediction changes when a feature goes from its minimum to its maximum.',
    intercept: 'Intercept',
    per: (target: string, feature: string) => `${target} per ${feature}`,
    unitOf: (name: string) => `unit of ${name}`,
    downloadJson: 'Download as JSON',
    downloadCsv: 'Download as CSV',
    oneHelp: 'The fields start in the middle of each range. Enter the values of one case.',
    submit: 'Predict',
    inRange: (minimum: string, maximum: string) => `${minimum} to ${maximum}`,
    outOfRange: (minimum: string, maximum: string) =>
      `Outside of ${minimum} to ${maximum}, for which the model was trained: take the prediction with care.`,
    number: 'Enter a number, for example 1.5.',
    prediction: (target: string) => `Predicted ${target}`,
    csvHelp: 'The first line names the columns. These have to be there, in any order; others are kept:',
    template: 'Download an empty file with these columns',
    csvKind: 'Choose a CSV file (.csv). Other tables can be saved as one.',
    predicting: 'Predicting…',
    predicted: (count: string) => `Predicted ${count} rows`,
    downloadResult: 'Download the result',
    result: 'Predictions',
    row: 'Row',
    missingColumn: (column: string) =>
      `The file has no column “${column}”. Add it, or correct the name in the first line.`,
    badCell: (row: number, column: string) =>
      `Row ${row}: the cell of “${column}” is not a number. Correct it and choose the file again.`,
    badRow: (row: number) =>
      `Row ${row} has not as many cells as the first line, or its values are too large. Correct it and choose the file again.`,
    badFile:
      'This file cannot be read as CSV. Check that its first line names the columns and that it has between 1 and 100,000 rows.',
    tooLarge: 'This file is too large. Split it and predict the parts one by one.',
  },
  es: {
    title: 'Su modelo',
    views: 'Qué hacer con el modelo',
    weights: 'Pesos',
    predictOne: 'Predecir',
    predictMany: 'Predecir con un CSV',
    formula: (target) => `${target} = término independiente + la suma de peso × característica`,
    name: 'Característica',
    weight: 'Peso',
    unit: 'Unidad del peso',
    effect: 'En todo su intervalo',
    effectHelp: 'Cuánto cambia la predicción cuando una característica va de su mínimo a su máximo.',
    intercept: 'Término independiente',
    per: (target, feature) => `${target} por ${feature}`,
    unitOf: (name) => `unidad de ${name}`,
    downloadJson: 'Descargar como JSON',
    downloadCsv: 'Descargar como CSV',
    oneHelp: 'Los campos empiezan en la mitad de cada intervalo. Escriba los valores de un caso.',
    submit: 'Predecir',
    inRange: (minimum, maximum) => `de ${minimum} a ${maximum}`,
    outOfRange: (minimum, maximum) =>
      `Fuera de ${minimum} a ${maximum}, para lo que se entrenó el modelo: tome la predicción con cautela.`,
    number: 'Escriba un número, por ejemplo 1,5.',
    prediction: (target) => `Predicción de ${target}`,
    csvHelp:
      'La primera línea nombra las columnas. Tienen que estar estas, en cualquier orden; las demás se conservan:',
    template: 'Descargar un archivo vacío con estas columnas',
    csvKind: 'Elija un archivo CSV (.csv). Otras tablas se pueden guardar así.',
    predicting: 'Prediciendo…',
    predicted: (count) => `Predichas ${count} filas`,
    downloadResult: 'Descargar el resultado',
    result: 'Predicciones',
    row: 'Fila',
    missingColumn: (column) =>
      `El archivo no tiene la columna «${column}». Añádala, o corrija el nombre en la primera línea.`,
    badCell: (row, column) =>
      `Fila ${row}: la celda de «${column}» no es un número. Corríjala y vuelva a elegir el archivo.`,
    badRow: (row) =>
      `La fila ${row} no tiene tantas celdas como la primera línea, o sus valores son demasiado grandes. Corríjala y vuelva a elegir el archivo.`,
    badFile:
      'Este archivo no se puede leer como CSV. Compruebe que la primera línea nombra las columnas y que tiene entre 1 y 100 000 filas.',
    tooLarge: 'Este archivo es demasiado grande. Divídalo y prediga las partes una a una.',
  },
});
